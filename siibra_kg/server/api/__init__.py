"""Templates as REST: each ``queries/*.rq`` is an address, described by an OpenAPI document made of the headers."""
