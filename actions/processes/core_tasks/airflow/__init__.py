"""Runs of DAGs in Apache Airflow, waited for without holding up a worker.

Where Airflow is says a hook of the type "airflow" in DJACTION_HOOKS, or the environment: AIRFLOW_URL, and AIRFLOW_TOKEN
or AIRFLOW_USERNAME and AIRFLOW_PASSWORD.
"""
