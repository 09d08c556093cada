-- Counts one call, unless it is one too many, by the generic cell rate algorithm.
--
-- KEYS[1]  holds when the calls so far are paid off, in microseconds by the server's clock
-- ARGV[1]  the share of the period that one call takes, in microseconds
-- ARGV[2]  the period, in microseconds
--
-- Gives 1 and what is to be paid off with this call, or 0 and what was without it, in microseconds. The moments
-- stay below 2^53, so that they are exact in the floating point numbers of Lua.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local share, period = tonumber(ARGV[1]), tonumber(ARGV[2])
local debt = math.max(tonumber(redis.call('GET', KEYS[1]) or now) - now, 0)
local charged = debt + share
if charged > period then
  return { 0, debt }
end
redis.call('SET', KEYS[1], string.format('%.0f', now + charged), 'PX', math.ceil(charged / 1000))
return { 1, charged }
