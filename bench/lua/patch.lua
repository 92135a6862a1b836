-- Patches 32 objects in turn, each time with another value. Told how: json, merge, strategic, apply.
local thread_count = 0
function setup(thread)
  thread:set("id", thread_count)
  thread_count = thread_count + 1
end
local filler = string.rep("x", 700)
local kinds = {
  json = { "application/json-patch+json", '[{"op":"add","path":"/data/n","value":"%d-%d"}]' },
  merge = { "application/merge-patch+json", '{"data":{"n":"%d-%d"}}' },
  strategic = { "application/strategic-merge-patch+json", '{"metadata":{"annotations":{"n":"%d-%d"}},"spec":{"containers":[{"name":"main","image":"registry.example/app:v2"}]}}' },
  apply = { "application/apply-patch+yaml", '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"applied-%d"},"data":{"n":"%d-%d","text":"' .. filler .. '"}}' },
}
function init(args)
  kind = args[1] or "merge"
  wrk.headers["Content-Type"] = kinds[kind][1]
  count = 0
end
function request()
  count = count + 1
  local number = (count * 2 + id) % 32
  if kind == "apply" then
    return wrk.format("PATCH", string.format("%s/applied-%d?fieldManager=bench&force=true", wrk.path, number), nil, string.format(kinds.apply[2], number, id, count))
  end
  return wrk.format("PATCH", string.format("%s/patched-%d", wrk.path, number), nil, string.format(kinds[kind][2], id, count))
end
function done(summary, latency, requests)
  local e = summary.errors
  print(string.format('RESULT {"requests":%d,"micros":%d,"p50":%d,"p99":%d,"failures":%d}', summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.status + e.connect + e.read + e.write + e.timeout))
end
