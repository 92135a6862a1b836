-- Merge-patches 32 ConfigMaps in turn, each time with another value.
local thread_count = 0
function setup(thread)
  thread:set("id", thread_count)
  thread_count = thread_count + 1
end
function init(args)
  wrk.headers["Content-Type"] = "application/merge-patch+json"
  count = 0
end
function request()
  count = count + 1
  local path = string.format("/api/v1/namespaces/default/configmaps/patched-%d", (count * 2 + id) % 32)
  local body = string.format('{"data":{"n":"%d-%d"}}', id, count)
  return wrk.format("PATCH", path, nil, body)
end
function done(summary, latency, requests)
  local e = summary.errors
  print(string.format('RESULT {"requests":%d,"micros":%d,"p50":%d,"p99":%d,"failures":%d}', summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.status + e.connect + e.read + e.write + e.timeout))
end
