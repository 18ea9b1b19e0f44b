-- A file or an approved template of a Message 1, as the gateway is handed it; null of a text alone. Of a campaign with its variables,
-- of a message with its contact's values: what is sent does not change once the campaign has started.
ALTER TABLE campaigns ADD COLUMN content jsonb;
ALTER TABLE messages ADD COLUMN content jsonb;

-- WhatsApp takes no line break in a value of a template: blanks become one space.
CREATE FUNCTION filled_content(content jsonb, first_name text, last_name text, whole_name text) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN content #> '{template,body}' IS NULL THEN content ELSE jsonb_set(content, '{template,body}', (
        SELECT coalesce(jsonb_agg(
            btrim(regexp_replace(filled(value, first_name, last_name, whole_name), '\s+', ' ', 'g')) ORDER BY at), '[]')
        FROM jsonb_array_elements_text(content #> '{template,body}') WITH ORDINALITY AS each (value, at))) END
$$;
