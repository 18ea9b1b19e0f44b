-- `name` stays the whole name, as it is shown; the two others are what a file says apart.
ALTER TABLE contacts ADD COLUMN first_name text, ADD COLUMN last_name text;

-- A text with its variables replaced, in one pass: what a name contains is not looked at again. Nothing stands for nobody's name,
-- and what is no variable of ours stays as it is. `system/domain/variables.py` says how they are written.
CREATE FUNCTION filled(template text, first_name text, last_name text, whole_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN strpos(template, '{{') = 0 THEN template ELSE (
        SELECT string_agg(
            CASE WHEN split_part(btrim(piece[1], '{}'), '|', 1) = ANY ('{prénom,nom,nom complet}') AND piece[1] LIKE '{{%}}'
                THEN coalesce(
                    CASE split_part(btrim(piece[1], '{}'), '|', 1)
                        WHEN 'prénom' THEN nullif(first_name, '')
                        WHEN 'nom' THEN coalesce(nullif(last_name, ''), nullif(whole_name, ''))
                        ELSE nullif(whole_name, '') END,
                    substr(btrim(piece[1], '{}'), strpos(btrim(piece[1], '{}') || '|', '|') + 1))
                ELSE piece[1] END, '' ORDER BY at)
        FROM regexp_matches(template, '\{\{[^{}]*\}\}|[^{]+|\{', 'g') WITH ORDINALITY AS found (piece, at)) END
$$;

-- A message to oneself, of another campaign's text: a campaign by itself, so that it leaves by the same path, but not listed.
ALTER TABLE campaigns ADD COLUMN test_of bigint REFERENCES campaigns ON DELETE CASCADE;
