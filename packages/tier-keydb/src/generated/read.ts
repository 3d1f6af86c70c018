// Made from src/lua/read-3.lua by scripts/generate.ts.
import type { LuaScript } from '../lua-script.ts';

export const readScript: LuaScript<3> = {
  name: 'lockstep:read 0.1.0',
  keyCount: 3,
  sha1: '5107892b2a0302e3500106d08094cb00ed9e0559',
  lua: `-- lockstep:read 0.1.0
local function clockMicros()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local function digits(number)
  return string.format('%.0f', number)
end
local function parseEntry(text)
  if not text then return nil end
  local state, version, incarnation, born, fingerprint, endMs =
    string.match(text, '^([fx]) (%d+[-0-9a-f]*) ([0-9a-f]+):(%d+) ([0-9a-f]+) (%d+)\\n')
  if not state or #version > 49 or #incarnation ~= 16 or #born > 16 or #fingerprint ~= 32 or #endMs > 16 then return nil end
  if not string.match(version, '^%d+$') and not string.match(version, '^%d+%-[0-9a-f]+$') then return nil end
  return { isExpired = state == 'x', version = version, fingerprint = fingerprint, endMs = tonumber(endMs) }
end
local function writeEntry(key, entry)
  local endMs = digits(entry.nowMs + tonumber(entry.ttlMs))
  local header = 'f ' .. entry.version .. ' ' .. entry.born .. ' ' .. entry.fingerprint .. ' ' .. endMs .. '\\n'
  redis.call('SET', key, header .. entry.body, 'PX', entry.ttlMs)
end
local function parseLease(text)
  if not text then return nil end
  local token, deadline, waiting = string.match(text, '^(%S+) (%d+) ([01])$')
  if not token then return nil end
  return { token = token, deadlineMs = tonumber(deadline), waiting = waiting }
end
local leases, keyId, token = KEYS[2], ARGV[1], ARGV[2]
local nowMs = math.floor(clockMicros() / 1000)
local function trimLeases()
  local sample = redis.call('HRANDFIELD', leases, 2, 'WITHVALUES')
  for at = 1, #sample, 2 do
    local lease = parseLease(sample[at + 1])
    if not lease or lease.deadlineMs <= nowMs then redis.call('HDEL', leases, sample[at]) end
  end
end
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
`,
};
