-- Reads head and entry, and takes the fill lease where there is no entry, an expired one, or one of the version to read
-- over.
-- KEYS: head, leases, entry
-- ARGV: keyId, token, leaseMs, version to read over or ''
-- Returns: head or nil, entry or nil, rest of the entry's life in ms (0 where there is none),
--          'granted' | 'wait' | 'none'
--- @include "include/clock.lua"
--- @include "include/entry.lua"
--- @include "include/lease.lua"

local leases, keyId, token = KEYS[2], ARGV[1], ARGV[2]
local nowMs = math.floor(clockMicros() / 1000)

-- Looks at a few leases and removes those past their deadline: loaders that died leave theirs behind.
local function trimLeases()
  local sample = redis.call('HRANDFIELD', leases, 2, 'WITHVALUES')
  for at = 1, #sample, 2 do
    local lease = parseLease(sample[at + 1])
    if not lease or lease.deadlineMs <= nowMs then redis.call('HDEL', leases, sample[at]) end
  end
end

-- HDEL first, because a script whose first write needs no memory is not refused where memory has run out.
local function writeLease(lease)
  redis.call('HDEL', leases, keyId)
  redis.call('HSET', leases, keyId, lease.token .. ' ' .. digits(lease.deadlineMs) .. ' ' .. lease.waiting)
end

local function takeLease()
  local held = parseLease(redis.call('HGET', leases, keyId))
  if held and held.deadlineMs > nowMs then
    if held.waiting == '0' then
      held.waiting = '1'
      writeLease(held)
    end
    return 'wait'
  end
  trimLeases()
  -- Who waited for the loader before still waits for this one.
  writeLease({ token = token, deadlineMs = nowMs + tonumber(ARGV[3]), waiting = held and held.waiting or '0' })
  return 'granted'
end

local head = redis.call('GET', KEYS[1])
local text = redis.call('GET', KEYS[3])
local found = parseEntry(text)
local lifeMs = found and found.endMs - nowMs or 0
if lifeMs <= 0 then found, text, lifeMs = nil, false, 0 end

local needsLoad = not found or found.isExpired or found.version == ARGV[4]
return { head, text, digits(lifeMs), needsLoad and takeLease() or 'none' }
