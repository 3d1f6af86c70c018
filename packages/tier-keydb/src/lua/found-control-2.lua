-- Makes the control partition's head where it has none. The settings stay: they belong to no history.
-- KEYS: control, log
-- ARGV: incarnation
-- Returns: incarnation, sequence
--- @include "include/control.lua"

local incarnation, sequence = parseHead(redis.call('HGET', KEYS[1], 'head'))
if not incarnation then
  dropControlHistory(KEYS[1], KEYS[2])
  incarnation, sequence = ARGV[1], nextSequence('0')
  redis.call('HSET', KEYS[1], 'head', incarnation .. ':' .. sequence)
end
return { incarnation, sequence }
