"""Small models; `make migrations` after a change."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class Article(models.Model):
    """Something with the usual fields, in a state, perhaps with an author."""

    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    is_published = models.BooleanField(default=False)
    published_at = models.DateTimeField(null=True, blank=True)
    likes = models.PositiveIntegerField(default=0)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.title


class Parcel(models.Model):
    """Something whose key is not a number."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    label = models.CharField(max_length=100)
    shipped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label


class Invoice(models.Model):
    """Something with a value of every kind, and a counter that tells its versions apart."""

    number = models.CharField(max_length=20)
    article = models.ForeignKey(Article, on_delete=models.PROTECT)
    amount = models.DecimalField(max_digits=8, decimal_places=2)
    due_on = models.DateField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    rings_at = models.TimeField(null=True, blank=True)
    grace = models.DurationField(null=True, blank=True)
    rate = models.FloatField(null=True, blank=True)
    reference = models.UUIDField(null=True, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    scan = models.FileField(blank=True)
    seal = models.BinaryField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    touched_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.number
