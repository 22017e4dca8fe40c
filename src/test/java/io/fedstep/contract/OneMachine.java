package io.fedstep.contract;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/** What is one machine's alone, and passed over where the shared server is a cluster. */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(OneMachine.Condition.class)
@interface OneMachine {
  /** Why a cluster does not have it. */
  String value();

  /** Whether there is one machine. */
  final class Condition implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      return AnnotationSupport.findAnnotation(context.getElement(), OneMachine.class)
          .filter(_ -> Server.isCluster())
          .map(one -> ConditionEvaluationResult.disabled(one.value()))
          .orElseGet(() -> ConditionEvaluationResult.enabled("one machine has it"));
    }
  }
}
