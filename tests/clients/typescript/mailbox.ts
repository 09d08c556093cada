/** The code of the first mail to an address, from the mailbox that a developer's installation shows. */
export async function mailedCode(service: string, email: string): Promise<string> {
  for (let attempt = 0; attempt < 1_200; attempt++) {
    const mailbox = await fetch(`${service}/dev/mailbox.json?to=${encodeURIComponent(email)}`);
    const { items } = (await mailbox.json()) as { items: { code: string | null }[] };
    const code = items.at(-1)?.code;
    if (code) return code;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`no code was mailed to ${email}`);
}
