-- Creates pods of about 1.4 KB with names of their own, on a node that nobody runs.
local thread_count = 0
function setup(thread)
  thread:set("id", thread_count)
  thread_count = thread_count + 1
end
local note = string.rep("n", 100)
local form = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"%s","namespace":"default","labels":{"app":"bench","tier":"backend","release":"r1"},' ..
  '"annotations":{"note":"' .. note .. '"}},"spec":{"nodeName":"nowhere","terminationGracePeriodSeconds":0,"containers":[{"name":"main",' ..
  '"image":"registry.example/app:v1","env":[{"name":"A","value":"b"}],"resources":{"requests":{"cpu":"10m","memory":"16Mi"}}}]}}'
function init(args)
  wrk.headers["Content-Type"] = "application/json"
  count = 0
  stamp = os.time()
end
function request()
  count = count + 1
  return wrk.format("POST", nil, nil, string.format(form, string.format("bench-%d-%d-%d", stamp, id, count)))
end
function done(summary, latency, requests)
  local e = summary.errors
  print(string.format('RESULT {"requests":%d,"micros":%d,"p50":%d,"p99":%d,"failures":%d}', summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.status + e.connect + e.read + e.write + e.timeout))
end
