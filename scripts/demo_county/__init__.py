"""A county for trying things out: real places, made-up people, firms and papers (domain reference 6).

Everybody and every paper is marked 示例 or DEMO; identity numbers lie in the unassigned area 999999.
"""
