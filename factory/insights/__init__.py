"""What many projects' histories say together: topics, keep rates, patterns, repeated failures."""

from factory.insights.projects import ProjectHistory, discover_projects, load_all_histories
from factory.insights.topics import Topic, classify_hypothesis

__all__ = [
    "ProjectHistory",
    "Topic",
    "classify_hypothesis",
    "discover_projects",
    "load_all_histories",
]
