"""Start the sandbox: ``python -m scripts.wechat_sandbox``."""

from scripts.wechat_sandbox.app import main

if __name__ == "__main__":
    main()
