-- An order keeps the version of the freight terms that it was charged by, so versions stay as they were written.
SELECT make_append_only('freight_version', 'parcel_item', 'parcel_event', 'parcel_track');
SELECT keep_rows('freight_template', 'parcel', 'label_cancellation', 'shipping_report', 'carrier');

-- The sweeps come by every few seconds; what is done only grows.
CREATE INDEX IF NOT EXISTS parcel_track_due ON parcel (track_due_at) WHERE track_due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS label_cancellation_due ON label_cancellation (due_at) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS shipping_report_due ON shipping_report (due_at) WHERE state IN ('pending', 'sending');
CREATE INDEX IF NOT EXISTS shipping_report_payer ON shipping_report (payer_openid);

-- The carriers that a new installation knows. WeChat's ids stand in wechat reference 2.7; a county officer changes rows.
INSERT INTO carrier (code, name, wechat_id, kuaidi100_code, asks_phone, is_active) VALUES
    ('SF', '顺丰速运', 'SF', 'shunfeng', true, true),
    ('YTO', '圆通速递', 'YTO', 'yuantong', false, true),
    ('ZTO', '中通快递', 'ZTO', 'zhongtong', true, true),
    ('STO', '申通快递', 'STO', 'shentong', false, true),
    ('YUNDA', '韵达快递', 'YD', 'yunda', false, true),
    ('EMS', '邮政特快专递', 'EMS', 'ems', false, true),
    ('POST', '邮政快递包裹', 'YZPY', 'youzhengguonei', false, true),
    ('JD', '京东物流', 'JD', 'jd', false, true),
    ('JT', '极兔速递', 'JTSD', 'jtexpress', false, true),
    ('DB', '德邦快递', 'DBKD', 'debangkuaidi', false, true)
ON CONFLICT (code) DO NOTHING;
