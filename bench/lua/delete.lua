-- Deletes deleted-0 to deleted-N, each once; N is told.
local thread_count = 0
function setup(thread)
  thread:set("id", thread_count)
  thread_count = thread_count + 1
end
function init(args)
  count = -1
  most = tonumber(args[1])
end
function request()
  count = count + 1
  local number = count * 2 + id
  if number >= most then wrk.thread:stop() end
  return wrk.format("DELETE", wrk.path .. "/deleted-" .. number)
end
function done(summary, latency, requests)
  local e = summary.errors
  print(string.format('RESULT {"requests":%d,"micros":%d,"p50":%d,"p99":%d,"failures":%d}', summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.status + e.connect + e.read + e.write + e.timeout))
end
