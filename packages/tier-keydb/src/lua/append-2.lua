-- Adds a record to the journal and replaces its head, if the head is the expected one and the record comes after all
-- that are there. It needs memory: where that has run out, the record is refused, and waits in its node.
-- KEYS: journal head, journal records
-- ARGV: expected head or '', new head, sequence, record, how many records stay or '0' for all
-- Returns: 1 where it was added, else 0; the head that is there or '', the sequence of the newest record that is there
--- @include "include/newest.lua"

local head = redis.call('GET', KEYS[1]) or ''
local newest = newestOf(KEYS[2])
if head ~= ARGV[1] or tonumber(newest) >= tonumber(ARGV[3]) then return { 0, head, newest } end
local id = ARGV[3] .. '-0'
if ARGV[5] == '0' then
  redis.call('XADD', KEYS[2], id, 'r', ARGV[4])
else
  redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[5], id, 'r', ARGV[4])
end
redis.call('SET', KEYS[1], ARGV[2])
return { 1, ARGV[2], ARGV[3] }
