// English for what stands above a reply that is a letter, and for who gets it. A part of en.ts.
export const heading = {
  subject: 'Subject',
  noSubject: 'No subject',
  change: (subject: string) => `Subject: ${subject}. Change`,
  recipients: 'Who gets this',
  to: 'To',
  cc: 'Cc:',
  more: (count: string) => `${count} more`,
  unproven: (address: string) => `${address} has not proven who they are: this conversation’s answer goes to them too.`,
  unprovenShort: 'Not proven',
  copyTo: (addresses: string) => `Cc ${addresses}`,
  fates: 'What became of it for each recipient',
  notToAll: 'Not sent to everybody.',
}
