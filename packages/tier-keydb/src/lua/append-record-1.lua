-- Appends a record to the journal, if it comes right after the newest one; the oldest goes where there are too many.
-- KEYS: journal
-- ARGV: the record's number, the record, how many are kept
-- Returns: 1 where it was appended, else 0; and the number of the newest record, 0 where there is none

-- First, because a script whose first write needs no memory is not refused where memory has run out.
redis.call('HDEL', KEYS[1], 'nothing')

local newest = redis.call('HGET', KEYS[1], 'newest') or '0'
local number = tonumber(ARGV[1])
if tonumber(newest) ~= number - 1 then return { '0', newest } end
redis.call('HSET', KEYS[1], 'newest', ARGV[1], ARGV[1], ARGV[2])
redis.call('HDEL', KEYS[1], string.format('%.0f', number - tonumber(ARGV[3])))
return { '1', ARGV[1] }
