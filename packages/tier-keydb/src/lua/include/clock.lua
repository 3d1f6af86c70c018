-- The tier's time in microseconds. Below 2^53 until the year 2255, so exact in Lua's doubles.
local function clockMicros()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- Text of an integer: every digit, never an exponent.
local function digits(number)
  return string.format('%.0f', number)
end
