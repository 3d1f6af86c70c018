// Made from src/lua/found-3.lua by scripts/generate.ts.
import type { LuaScript } from '../lua-script.ts';

export const foundScript: LuaScript<3> = {
  name: 'lockstep:found 0.1.0',
  keyCount: 3,
  sha1: '28cf55df1362698c252653936e0f40fb8c759907',
  lua: `-- lockstep:found 0.1.0
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
local partition = { head = KEYS[1], log = KEYS[2], leases = KEYS[3] }
return { ensureHead(partition, ARGV[1]) }
`,
};
