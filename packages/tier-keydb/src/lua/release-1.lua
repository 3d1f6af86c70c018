-- Gives a fill lease back, if it is still this one.
-- KEYS: leases
-- ARGV: keyId, token
-- Returns: '1' where somebody waits for the load, else '0'
--- @include "include/lease.lua"

local lease = parseLease(redis.call('HGET', KEYS[1], ARGV[1]))
if not lease or lease.token ~= ARGV[2] then return '0' end
redis.call('HDEL', KEYS[1], ARGV[1])
return lease.waiting
