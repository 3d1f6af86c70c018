-- Records a member with a fresh nonce.
-- KEYS: members
-- ARGV: node id, nonce
-- Returns: 1

-- First, because a script whose first write needs no memory is not refused where memory has run out.
redis.call('HDEL', KEYS[1], ARGV[1])
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
