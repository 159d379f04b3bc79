-- Reviews and rules are evidence; a paper changes its state alone.
SELECT make_append_only('paper_review', 'exemption_rule', 'merchant_review', 'merchant_commission');
SELECT keep_rows('merchant_paper', 'legal_person');
CREATE OR REPLACE TRIGGER no_update BEFORE UPDATE ON legal_person
    FOR EACH ROW EXECUTE FUNCTION only_reseal('name_cipher', 'id_number_cipher', 'phone_cipher');

CREATE OR REPLACE FUNCTION only_state_of_paper() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - 'state' <> to_jsonb(OLD) - 'state' THEN
        RAISE EXCEPTION 'a paper changes its state alone' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE OR REPLACE TRIGGER merchant_paper_only_state
    BEFORE UPDATE ON merchant_paper FOR EACH ROW EXECUTE FUNCTION only_state_of_paper();
