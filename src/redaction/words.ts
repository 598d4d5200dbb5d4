/** "Basic authentication failed", "password: required": what is written like a word of every day may be one. */
export function isWord(text: string): boolean {
  return /^[A-Za-z][a-z]*(?:[./_-][a-z]+)*[./-]?$/.test(text)
}

/** `password: read('password')`, in a frame of source that an error shows. */
export function isCode(text: string): boolean {
  return /^(?:process\.env\b|[A-Za-z_$][\w$.]*\()/.test(text)
}

/**
 * Whether what stands under a name such as `auth` is a secret (`ada:opensesame`), and not what is called by it: a word, with its version
 * (`oauth2`), a number, a path, an address.
 */
export function looksSecret(text: string): boolean {
  return (
    text.length >= 4 &&
    text.length <= longestSecret &&
    !/^[A-Za-z]+(?:[./_-][A-Za-z]+)*\d{0,3}$|^v?[\d.,:%-]+$|^\/|:\/\/|\s|^[\w.-]+:\d{1,5}$/.test(text)
  )
}

const longestSecret = 8192
