"""HTTP as such: connections and their limits, heads of requests, routes, sending of answers."""
