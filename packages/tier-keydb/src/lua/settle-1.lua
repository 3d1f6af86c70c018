-- Records the cluster's settings where none are.
-- KEYS: control
-- ARGV: name, value, name, value …
-- Returns: the values in force, in the order of the names

-- First, because a script whose first write needs no memory is not refused where memory has run out.
redis.call('HDEL', KEYS[1], 'nothing')

local inForce = {}
for at = 1, #ARGV, 2 do
  local field = 'setting:' .. ARGV[at]
  redis.call('HSETNX', KEYS[1], field, ARGV[at + 1])
  inForce[#inForce + 1] = redis.call('HGET', KEYS[1], field)
end
return inForce
