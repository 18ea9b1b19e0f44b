-- Of the people of a file, those who opted out: they receive nothing, whatever consent the file says.
ALTER TABLE imports ADD COLUMN opted_out integer NOT NULL DEFAULT 0;
