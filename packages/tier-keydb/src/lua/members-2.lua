-- Reads every member's newest nonce, and the control head they belong to: a list read under another incarnation than a
-- node knows may have been lost and begun anew.
-- KEYS: control, members
-- ARGV: none
-- Returns: head or nil, then node id, nonce, node id, nonce …

local reply = redis.call('HGETALL', KEYS[2])
table.insert(reply, 1, redis.call('HGET', KEYS[1], 'head'))
return reply
