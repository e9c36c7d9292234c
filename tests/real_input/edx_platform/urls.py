"""The URLs of edX's code for LTI, at the path where edx-platform has them."""

from django.urls import include, path

urlpatterns = [path("api/", include("lti_consumer.plugin.urls"))]
