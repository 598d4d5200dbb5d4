/** By their makers' prefixes: AWS, GitHub, GitLab, Slack, Stripe, Google, npm, PyPI, OpenAI, Anthropic, SendGrid, Shopify and others. */
const kinds = [
  '(?:AKIA|ASIA)[A-Z0-9]{16}',
  'gh[pousr]_\\w{36,255}',
  'github_pat_\\w{22,255}',
  'gl(?:pat|dt|rt|soat|ptt)-[\\w-]{20,255}',
  'xox[abeprs]-[\\w-]{10,255}',
  'xapp-\\d-[\\w-]{10,255}',
  '(?:sk|rk)_(?:live|test)_\\w{10,255}',
  'whsec_[\\w+/=]{24,255}',
  'AIza[\\w-]{35}',
  'ya29\\.[\\w-]{20,2048}',
  'npm_[A-Za-z0-9]{36}',
  'pypi-AgE[\\w-]{20,2048}',
  'sk-(?:proj|svcacct|admin|ant|or)-[\\w-]{20,255}',
  'sk-[A-Za-z0-9]{48}',
  'SG\\.[\\w-]{16,64}\\.[\\w-]{16,128}',
  'shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}',
  'do[opr]_v1_[a-f0-9]{64}',
  'hv[sb]\\.[\\w-]{20,512}',
  'hf_[A-Za-z]{34}',
  'dckr_pat_[\\w-]{20,255}',
  'glsa_\\w{32,255}',
  'glc_eyJ[\\w+/=]{20,2048}',
  'PMAK-[a-f0-9]{24}-[a-f0-9]{34}',
  'NRAK-[A-Z0-9]{27}',
  'AGE-SECRET-KEY-1[A-Z0-9]{58}',
]
/** Services whose URLs are their credentials. */
const secretUrls = '(?:hooks\\.slack\\.com/(?:services|workflows|triggers)|discord(?:app)?\\.com/api/webhooks|api\\.telegram\\.org)/'

export const accessKey = new RegExp(`\\b(?:${kinds.join('|')})(?!\\w)|(?<=${secretUrls})[\\w:/-]{10,255}`, 'g')

const behindPrefix = {
  underscore: endings('hca hpa hss pat ghp gho ghu ghs ghr est ive sec npm _v1 lsa glc'),
  dash: endings('pat ldt lrt oat ptt oxa oxb oxe oxp oxr oxs app ypi MAK RAK KEY'),
}
const others = /A(?:[KS]IA|Iza)|sk-[\w-]{9}|hf_[A-Za-z]{9}|SG\.|ya29\.|hv[sb]\.|hooks\.slack|discord|api\.telegram/

/** Most kinds are told by the three letters before an underscore or a dash: one expression for all of them takes three times as long. */
export function mayHoldAccessKey(text: string): boolean {
  return follows(text, '_', behindPrefix.underscore) || follows(text, '-', behindPrefix.dash) || others.test(text)
}

function follows(text: string, mark: string, prefixes: ReadonlySet<number>): boolean {
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) if (prefixes.has(ending(text, at))) return true
  return false
}

function endings(words: string): ReadonlySet<number> {
  return new Set(words.split(' ').map((word) => ending(word, 3)))
}

function ending(text: string, at: number): number {
  return (text.charCodeAt(at - 3) << 16) | (text.charCodeAt(at - 2) << 8) | text.charCodeAt(at - 1)
}
