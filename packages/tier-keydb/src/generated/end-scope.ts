// Made from src/lua/end-scope-2.lua by scripts/generate.ts.
import type { LuaScript } from '../lua-script.ts';

export const endScopeScript: LuaScript<2> = {
  name: 'lockstep:end-scope 0.1.0',
  keyCount: 2,
  sha1: '324411c10a113b5a0b852fd39786232accd33c52',
  lua: `-- lockstep:end-scope 0.1.0
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
local function dropControlHistory(control, log)
  redis.call('DEL', log)
  for _, field in ipairs(redis.call('HKEYS', control)) do
    if field == 'floor' or string.sub(field, 1, 6) == 'epoch:' then redis.call('HDEL', control, field) end
  end
end
local control, log = KEYS[1], KEYS[2]
local event = { incarnation = ARGV[1], logMax = ARGV[2], body = ARGV[3] }
local epoch = ARGV[4]
redis.call('HDEL', control, epoch)
local incarnation, previous = parseHead(redis.call('HGET', control, 'head'))
if not incarnation then
  dropControlHistory(control, log)
  incarnation, previous = event.incarnation, '0'
end
local floor = tonumber(redis.call('HGET', control, 'floor') or '0') or 0
local keptFrom = clockMicros() - tonumber(ARGV[5]) * 1000
local raised = floor
local sample = redis.call('HRANDFIELD', control, 4, 'WITHVALUES')
for at = 1, #sample, 2 do
  local sequence = string.sub(sample[at], 1, 6) == 'epoch:' and tonumber(sample[at + 1])
  if sequence and sequence < keptFrom then
    redis.call('HDEL', control, sample[at])
    raised = math.max(raised, sequence)
  end
end
if raised > floor then redis.call('HSET', control, 'floor', digits(raised)) end
local sequence = nextSequence(previous)
addToLog(log, event, sequence, previous)
redis.call('HSET', control, epoch, sequence, 'head', incarnation .. ':' .. sequence)
return { incarnation, sequence, previous }
`,
};
