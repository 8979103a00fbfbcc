"""The 63 tables of the multi-agent support system; importing this package registers them all."""

from __future__ import annotations

from models.accounts import ApiKey, User, UserRole
from models.agents import AgentCollaboration, AgentHandoff, AgentPerformance
from models.analytics import (
    ABTest,
    ABTestResult,
    AnomalyDetection,
    CohortAnalysis,
    ConversationAnalytics,
    FeatureUsage,
    FunnelAnalysis,
    FunnelStep,
    Insight,
)
from models.automation import (
    AutomatedTask,
    ScheduledTask,
    SLACompliance,
    Workflow,
    WorkflowExecution,
)
from models.base import Base
from models.billing import Credit, Invoice, Payment, Subscription, SubscriptionStatus, UsageEvent
from models.competition import Battlecard, Competitor, CompetitorChange, WinLossRecord
from models.content import ContentPerformance, GeneratedContent
from models.conversations import Conversation, ConversationTag, Message
from models.customers import (
    Customer,
    CustomerContact,
    CustomerHealthEvent,
    CustomerIntegration,
    CustomerNote,
    CustomerSegment,
)
from models.learning import ABTestExperiment, ImprovementInsight, PromptVersion
from models.personalization import CustomerPersona, CustomerPreferences, PersonalizationEvent
from models.prediction import (
    CapacityForecast,
    MLModelPerformance,
    MLPrediction,
    SupportVolumeForecast,
    UpsellOpportunity,
)
from models.quality import HallucinationDetection, PolicyRule, ResponseQualityCheck
from models.sales import Deal, Employee, Lead, Quote, SalesActivity
from models.security import (
    AuditLog,
    ComplianceAudit,
    ConsentRecord,
    IncidentSeverity,
    PIIDetection,
    SecurityIncident,
)

__all__ = [
    "ABTest",
    "ABTestExperiment",
    "ABTestResult",
    "AgentCollaboration",
    "AgentHandoff",
    "AgentPerformance",
    "AnomalyDetection",
    "ApiKey",
    "AuditLog",
    "AutomatedTask",
    "Base",
    "Battlecard",
    "CapacityForecast",
    "CohortAnalysis",
    "Competitor",
    "CompetitorChange",
    "ComplianceAudit",
    "ConsentRecord",
    "ContentPerformance",
    "Conversation",
    "ConversationAnalytics",
    "ConversationTag",
    "Credit",
    "Customer",
    "CustomerContact",
    "CustomerHealthEvent",
    "CustomerIntegration",
    "CustomerNote",
    "CustomerPersona",
    "CustomerPreferences",
    "CustomerSegment",
    "Deal",
    "Employee",
    "FeatureUsage",
    "FunnelAnalysis",
    "FunnelStep",
    "GeneratedContent",
    "HallucinationDetection",
    "ImprovementInsight",
    "IncidentSeverity",
    "Insight",
    "Invoice",
    "Lead",
    "MLModelPerformance",
    "MLPrediction",
    "Message",
    "PIIDetection",
    "Payment",
    "PersonalizationEvent",
    "PolicyRule",
    "PromptVersion",
    "Quote",
    "ResponseQualityCheck",
    "SLACompliance",
    "SalesActivity",
    "ScheduledTask",
    "SecurityIncident",
    "Subscription",
    "SubscriptionStatus",
    "SupportVolumeForecast",
    "UpsellOpportunity",
    "UsageEvent",
    "User",
    "UserRole",
    "WinLossRecord",
    "Workflow",
    "WorkflowExecution",
]
