-- Takes an entry away, without an event, if it is of the version asked for: as memory pressure does, so that its member
-- of the index stays.
-- KEYS: entry
-- ARGV: version, the longest header
-- Returns: 1 where it was taken away, else 0
--- @include "include/entry.lua"

local found = parseEntry(redis.call('GETRANGE', KEYS[1], 0, ARGV[2]))
if not found or found.version ~= ARGV[1] then return 0 end
return redis.call('UNLINK', KEYS[1])
