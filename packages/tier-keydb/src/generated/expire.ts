// Made from src/lua/expire-5.lua by scripts/generate.ts.
import type { LuaScript } from '../lua-script.ts';

export const expireScript: LuaScript<5> = {
  name: 'lockstep:expire 0.1.0',
  keyCount: 5,
  sha1: '097daa709f79309b4e48d3dde284f547b5d42228',
  lua: `-- lockstep:expire 0.1.0
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
local partition = { head = KEYS[1], log = KEYS[2], leases = KEYS[3], index = KEYS[4] }
redis.call('HDEL', partition.leases, ARGV[4])
if redis.call('GETRANGE', KEYS[5], 0, 1) == 'f ' then redis.call('SETRANGE', KEYS[5], 0, 'x') end
return { commit(partition, { incarnation = ARGV[1], logMax = ARGV[2], body = ARGV[3] }) }
`,
};
