-- Reads how far the journal has come.
-- KEYS: journal head, journal records
-- ARGV: none
-- Returns: the head or '', the sequence of the newest record or '0'
--- @include "include/newest.lua"

return { redis.call('GET', KEYS[1]) or '', newestOf(KEYS[2]) }
