-- Requests paths by chance from the file that PATHS names, counts answers by status, and prints one line of figures.
local paths = {}
for line in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = line end
local headers = { ["Accept"] = os.getenv("ACCEPT") or "application/sparql-results+json" }
local threads = {}
busy, late, failed = 0, 0, 0

function setup(thread)
  thread:set("seed", tonumber(os.getenv("SEED") or "1") + #threads)
  table.insert(threads, thread)
end

function init()
  math.randomseed(seed)
end

function request()
  return wrk.format("GET", paths[math.random(#paths)], headers)
end

-- Costs wrk a fifth of its speed, so it is there only where other answers than 200 are expected.
if os.getenv("STATUS") then
  function response(status, answered)
    if status == 503 and (answered["retry-after"] or answered["Retry-After"]) then
      busy = busy + 1
    elseif status == 504 then
      late = late + 1
    elseif status ~= 200 then
      failed = failed + 1
    end
  end
end

function done(summary, latency)
  local counted = { 0, 0, 0 }
  for _, thread in ipairs(threads) do
    for n, name in ipairs({ "busy", "late", "failed" }) do counted[n] = counted[n] + thread:get(name) end
  end
  local errors = summary.errors
  io.write(string.format(
    "FIGURES {\"requests\": %d, \"seconds\": %.6f, \"p50\": %.3f, \"p99\": %.3f, \"errors\": %d, \"socket\": %d, "
      .. "\"busy\": %d, \"late\": %d, \"failed\": %d}\n",
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout, counted[1], counted[2], counted[3]))
end
