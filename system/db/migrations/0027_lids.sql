-- WhatsApp may name a chat by an identifier that is not a number (`…@lid`). What joins it to a contact: an acknowledgement of a
-- message of ours in that chat, or an event that gives both.
CREATE TABLE contact_lids (
    lid text PRIMARY KEY,
    phone text NOT NULL,
    joined_at timestamptz NOT NULL DEFAULT now()
);
-- Who refused before anything joined the chat to a number: the refusal waits for the number.
CREATE TABLE lid_refusals (
    lid text PRIMARY KEY,
    said text NOT NULL,
    received_at timestamptz NOT NULL
);
ALTER TABLE contact_lids ENABLE ROW LEVEL SECURITY;
ALTER TABLE lid_refusals ENABLE ROW LEVEL SECURITY;
