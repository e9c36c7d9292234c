"""Names of users, and the ids under which tools know them."""

import uuid

from django.contrib.auth.models import User
from django.db import models


class UserProfile(models.Model):
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="profile")
    name = models.CharField(max_length=255)


class ExternalId(models.Model):
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="external_id")
    external_user_id = models.UUIDField(default=uuid.uuid4, unique=True)
