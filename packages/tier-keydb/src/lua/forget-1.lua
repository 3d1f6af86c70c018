-- Removes a member's record, if nothing has renewed it since.
-- KEYS: members
-- ARGV: node id, nonce
-- Returns: 1 where it was removed, else 0
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
