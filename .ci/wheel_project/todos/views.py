from rest_framework import permissions, serializers, viewsets

from actions.mixins import ActionMixin

from .actions.action_registry import ACTIONS
from .models import Todo


class TodoSerializer(serializers.ModelSerializer):
    class Meta:
        model = Todo
        fields = ["id", "title", "is_done"]


class TodoViewSet(ActionMixin, viewsets.ModelViewSet):
    queryset = Todo.objects.order_by("pk")
    serializer_class = TodoSerializer
    permission_classes = [permissions.IsAuthenticated]
    action_registry = ACTIONS
