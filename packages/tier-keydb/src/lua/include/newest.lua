-- The sequence of a journal's newest record, as text; '0' where there is none.
local function newestOf(records)
  local last = redis.call('XREVRANGE', records, '+', '-', 'COUNT', 1)[1]
  return last and string.match(last[1], '^(%d+)-') or '0'
end
