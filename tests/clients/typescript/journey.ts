import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";
import { mailedCode } from "./mailbox.js";

type Problem = components["schemas"]["Problem"];
type Tokens = components["schemas"]["Tokens"];

const [baseUrl = "", email = "", password = "", newPassword = ""] = process.argv.slice(2);
const api = createClient<paths>({ baseUrl });

/** What a call answers when it succeeds; what it answers otherwise is thrown. */
async function succeeded<T>(call: Promise<{ data?: T; error?: Problem }>): Promise<NonNullable<T>> {
  const { data, error } = await call;
  if (data === undefined || data === null) throw new Error(error?.detail ?? "no data", { cause: error });
  return data;
}

// Somebody registers, and verifies their address by the code of the mail.
const account = { email, password, name: "Ada" };
const registered = await succeeded(api.POST("/api/v1/auth/register", { body: account }));
const code = await mailedCode(baseUrl, email);
await succeeded(api.POST("/api/v1/auth/verify", { body: { email, code } }));
console.log("email" in registered ? `${registered.email} is registered` : registered.message);

// A problem names itself in `code`. The compiler knows every one, and refuses what is none.
const { error: refused } = await api.POST("/api/v1/auth/register", { body: account });
if (refused?.code === "email_taken") console.log(refused.code);

// Whoever has signed in sends the access token with each call.
let tokens: Tokens = await succeeded(api.POST("/api/v1/auth/login", { body: { email, password } }));
api.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${tokens.access_token}`);
  },
});
const me = await succeeded(api.GET("/api/v1/auth/me"));
console.log(`signed in as ${me.name}, verified: ${me.email_verified}`);

// A refresh token is good for one use: it brings the next pair.
const { refresh_token } = tokens;
tokens = await succeeded(api.POST("/api/v1/auth/refresh", { body: { refresh_token } }));

const change = { current_password: "not the password", new_password: newPassword };
const { error: wrong } = await api.POST("/api/v1/auth/password-change", { body: change });
console.log(wrong?.code);
change.current_password = password;
await succeeded(api.POST("/api/v1/auth/password-change", { body: change }));

// A session that has ended takes its tokens with it.
await api.POST("/api/v1/auth/logout");
const { error: ended } = await api.GET("/api/v1/auth/me");
console.log(`signed out: ${ended?.code}`);
