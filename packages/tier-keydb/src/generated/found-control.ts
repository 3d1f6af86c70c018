// Made from src/lua/found-control-2.lua by scripts/generate.ts.
import type { LuaScript } from '../lua-script.ts';

export const foundControlScript: LuaScript<2> = {
  name: 'lockstep:found-control 0.1.0',
  keyCount: 2,
  sha1: '0727df683572fb3afa6bb5e8c5d80787841c6066',
  lua: `-- lockstep:found-control 0.1.0
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
local incarnation, sequence = parseHead(redis.call('HGET', KEYS[1], 'head'))
if not incarnation then
  dropControlHistory(KEYS[1], KEYS[2])
  incarnation, sequence = ARGV[1], nextSequence('0')
  redis.call('HSET', KEYS[1], 'head', incarnation .. ':' .. sequence)
end
return { incarnation, sequence }
`,
};
