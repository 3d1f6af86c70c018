-- Clears or expires a scope: a new control event, whose sequence is the scope's epoch from now on. Looks at a few other
-- epochs and prunes the old ones; the floor rises to the highest of them.
-- KEYS: control, log
-- ARGV: incarnation for a new head, logMax, log body, field of the epoch, epochsKeepMs
-- Returns: incarnation, sequence, previous
--- @include "include/control.lua"

local control, log = KEYS[1], KEYS[2]
local event = { incarnation = ARGV[1], logMax = ARGV[2], body = ARGV[3] }
local epoch = ARGV[4]

-- First, because a script whose first write needs no memory is not refused where memory has run out.
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
