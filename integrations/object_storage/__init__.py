"""Where the files of pictures lie: a folder, or a bucket that speaks S3."""
