-- Lists 200 ConfigMaps and creates others of about 1 KB, by turns.
local thread_count = 0
function setup(thread)
  thread:set("id", thread_count)
  thread_count = thread_count + 1
end
local filler = string.rep("x", 700)
function init(args)
  token = args[1]
  count = 0
  stamp = os.time()
end
function request()
  count = count + 1
  local headers = { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token }
  if count % 2 == 0 then return wrk.format("GET", "/api/v1/namespaces/listed/configmaps", headers) end
  local name = string.format("abuse-%d-%d-%d", stamp, id, count)
  local body = string.format('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"%s"},"data":{"text":"%s"}}', name, filler)
  return wrk.format("POST", "/api/v1/namespaces/filled/configmaps", headers, body)
end
function done(summary, latency, requests)
  local e = summary.errors
  print(string.format('RESULT {"requests":%d,"micros":%d,"p50":%d,"p99":%d,"failures":%d}', summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.status + e.connect + e.read + e.write + e.timeout))
end
