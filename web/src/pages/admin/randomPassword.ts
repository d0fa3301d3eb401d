// Without letters that are mistaken for others when read aloud or copied by hand.
const LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789";

/** Four groups of five: about 115 bits. */
export function randomPassword(): string {
  const groups: string[] = [];
  for (let group = 0; group < 4; group += 1) {
    let text = "";
    while (text.length < 5) {
      const [byte] = crypto.getRandomValues(new Uint8Array(1));
      // A byte beyond the last whole round would make the first letters likelier.
      if (byte! < 256 - (256 % LETTERS.length)) text += LETTERS[byte! % LETTERS.length];
    }
    groups.push(text);
  }
  return groups.join("-");
}
