-- Ends an entry's freshness: it stays as a fallback, with its life and its place in the index. Always an event.
-- KEYS: head, log, leases, index, entry
-- ARGV: incarnation for a new head, logMax, log body, keyId
-- Returns: incarnation, sequence, previous
--- @include "include/commit.lua"

local partition = { head = KEYS[1], log = KEYS[2], leases = KEYS[3], index = KEYS[4] }

-- First, because a script whose first write needs no memory is not refused where memory has run out.
redis.call('HDEL', partition.leases, ARGV[4])
if redis.call('GETRANGE', KEYS[5], 0, 1) == 'f ' then redis.call('SETRANGE', KEYS[5], 0, 'x') end
return { commit(partition, { incarnation = ARGV[1], logMax = ARGV[2], body = ARGV[3] }) }
