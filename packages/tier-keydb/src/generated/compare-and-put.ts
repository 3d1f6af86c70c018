// Made from src/lua/compare-and-put-5.lua by scripts/generate.ts.
import type { LuaScript } from '../lua-script.ts';

export const compareAndPutScript: LuaScript<5> = {
  name: 'lockstep:compare-and-put 0.1.0',
  keyCount: 5,
  sha1: 'f1bdde1e3aa12fa1194e20c2016cb769197836fc',
  lua: `-- lockstep:compare-and-put 0.1.0
local function clockMicros()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local function digits(number)
  return string.format('%.0f', number)
end
local function parseHead(text)
  if not text then return nil end
  local incarnation, sequence = string.match(text, '^([0-9a-f]+):(%d+)$')
  if not incarnation or #incarnation ~= 16 or #sequence > 16 then return nil end
  if tonumber(sequence) >= 9007199254740991 then return nil end
  return incarnation, sequence
end
local function nextSequence(previous)
  return digits(math.max(tonumber(previous) + 1, clockMicros()))
end
local function addToLog(log, event, sequence, previous)
  redis.call('XADD', log, 'MAXLEN', '~', event.logMax, sequence .. '-0', 'p', previous, 'e', event.body)
end
local function dropHistory(partition)
  redis.call('DEL', partition.log, partition.leases)
end
local function ensureHead(partition, newIncarnation)
  local incarnation, sequence = parseHead(redis.call('GET', partition.head))
  if incarnation then return incarnation, sequence end
  dropHistory(partition)
  sequence = nextSequence('0')
  redis.call('SET', partition.head, newIncarnation .. ':' .. sequence)
  return newIncarnation, sequence
end
local function commit(partition, event)
  local incarnation, previous = parseHead(redis.call('GET', partition.head))
  if not incarnation then
    dropHistory(partition)
    incarnation, previous = event.incarnation, '0'
  end
  local sequence = nextSequence(previous)
  addToLog(partition.log, event, sequence, previous)
  redis.call('SET', partition.head, incarnation .. ':' .. sequence)
  return incarnation, sequence, previous
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
local function currentVersion(key)
  local found = parseEntry(redis.call('GET', key))
  return found and found.version or ''
end
local function noteExpiry(index, note)
  if note.isRaised then
    redis.call('ZADD', index, 'GT', digits(note.expiryMs), note.keyId)
  else
    redis.call('ZADD', index, digits(note.expiryMs), note.keyId)
  end
  local ended = redis.call('ZRANGEBYSCORE', index, '-inf', digits(note.nowMs), 'LIMIT', 0, 4)
  if #ended > 0 then redis.call('ZREM', index, unpack(ended)) end
end
local partition = { head = KEYS[1], log = KEYS[2], leases = KEYS[3], index = KEYS[4] }
local event = { incarnation = ARGV[1], logMax = ARGV[2], body = ARGV[3] }
local keyId, ttlMs = ARGV[4], ARGV[5]
local nowMs = math.floor(clockMicros() / 1000)
local current = currentVersion(KEYS[5])
if current ~= ARGV[9] then return { 'differs', current } end
local incarnation, sequence, previous = commit(partition, event)
writeEntry(KEYS[5], {
  version = sequence, born = ARGV[6], fingerprint = ARGV[7], body = ARGV[8], ttlMs = ttlMs, nowMs = nowMs,
})
noteExpiry(partition.index, { keyId = keyId, expiryMs = nowMs + tonumber(ttlMs), nowMs = nowMs, isRaised = false })
redis.call('HDEL', partition.leases, keyId)
return { 'committed', incarnation, sequence, previous }
`,
};
