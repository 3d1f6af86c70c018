-- Makes a data partition's head where it has none.
-- KEYS: head, log, leases
-- ARGV: incarnation
-- Returns: incarnation, sequence
--- @include "include/commit.lua"

local partition = { head = KEYS[1], log = KEYS[2], leases = KEYS[3] }
return { ensureHead(partition, ARGV[1]) }
