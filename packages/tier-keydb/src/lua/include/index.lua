-- Notes until when the entry, and so any near copy of it, can live. With `isRaised` an earlier note that lies
-- later stays. Takes out a few members whose time has ended: more than one write adds.
local function noteExpiry(index, note)
  if note.isRaised then
    redis.call('ZADD', index, 'GT', digits(note.expiryMs), note.keyId)
  else
    redis.call('ZADD', index, digits(note.expiryMs), note.keyId)
  end
  local ended = redis.call('ZRANGEBYSCORE', index, '-inf', digits(note.nowMs), 'LIMIT', 0, 4)
  if #ended > 0 then redis.call('ZREM', index, unpack(ended)) end
end
