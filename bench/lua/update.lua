-- Puts 32 ConfigMaps of about 1 KB in turn, each time with another value, whatever is there.
local thread_count = 0
function setup(thread)
  thread:set("id", thread_count)
  thread_count = thread_count + 1
end
local filler = string.rep("x", 700)
function init(args)
  wrk.headers["Content-Type"] = "application/json"
  count = 0
end
function request()
  count = count + 1
  local name = string.format("patched-%d", (count * 2 + id) % 32)
  local body = string.format('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"%s"},"data":{"text":"%s","n":"%d-%d"}}', name, filler, id, count)
  return wrk.format("PUT", wrk.path .. "/" .. name, nil, body)
end
function done(summary, latency, requests)
  local e = summary.errors
  print(string.format('RESULT {"requests":%d,"micros":%d,"p50":%d,"p99":%d,"failures":%d}', summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.status + e.connect + e.read + e.write + e.timeout))
end
