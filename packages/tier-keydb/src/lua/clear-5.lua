-- Removes an entry. Always an event, also where nothing was: a near copy, or a load, may exist all the same.
-- KEYS: head, log, leases, index, entry
-- ARGV: incarnation for a new head, logMax, log body, keyId
-- Returns: incarnation, sequence, previous
--- @include "include/commit.lua"

local partition = { head = KEYS[1], log = KEYS[2], leases = KEYS[3], index = KEYS[4] }
local keyId = ARGV[4]

-- First, because a script whose first write needs no memory is not refused where memory has run out.
redis.call('DEL', KEYS[5])
redis.call('ZREM', partition.index, keyId)
redis.call('HDEL', partition.leases, keyId)
return { commit(partition, { incarnation = ARGV[1], logMax = ARGV[2], body = ARGV[3] }) }
