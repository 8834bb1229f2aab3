"""chatkit against servers that others wrote, where one runs and the environment names its address:

    CHATKIT_LLAMA_SERVER_URL   llama.cpp's server, `llama-server -m any.gguf --jinja -np 2`
    CHATKIT_LLMOCK_URL         the package `llmock` of PyPI, `llmock serve`; a process of its own, since tests reset it

Without the address the tests skip.
"""
