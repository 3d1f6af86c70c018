-- Removes an entry as `clear` does, if it is of the version asked for; '' asks for none to be there.
-- KEYS: head, log, leases, index, entry
-- ARGV: incarnation for a new head, logMax, log body, keyId, version
-- Returns one of
--   'committed', incarnation, sequence, previous
--   'differs', version      of the entry that is there, '' where there is none; nothing is written
--- @include "include/commit.lua"
--- @include "include/current.lua"

local partition = { head = KEYS[1], log = KEYS[2], leases = KEYS[3], index = KEYS[4] }
local keyId = ARGV[4]

local current = currentVersion(KEYS[5])
if current ~= ARGV[5] then return { 'differs', current } end

-- First, because a script whose first write needs no memory is not refused where memory has run out.
redis.call('DEL', KEYS[5])
redis.call('ZREM', partition.index, keyId)
redis.call('HDEL', partition.leases, keyId)
local incarnation, sequence, previous = commit(partition, { incarnation = ARGV[1], logMax = ARGV[2], body = ARGV[3] })
return { 'committed', incarnation, sequence, previous }
